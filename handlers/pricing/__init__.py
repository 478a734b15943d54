"""What models cost: reported, by prices of the company's own, by the list; and what has no price."""

from handlers.pricing.announced import Rise, announced, price_factor
from handlers.pricing.book import PriceBook, Quote
from handlers.pricing.commands import price
from handlers.pricing.list_prices import list_cost
from handlers.pricing.reprice import book_of, fingerprint, reprice_charges, reprice_day
from handlers.pricing.unpriced import UnpricedModel, check_prices, in_short, unpriced_models

__all__ = [
    "PriceBook",
    "Quote",
    "Rise",
    "UnpricedModel",
    "announced",
    "book_of",
    "check_prices",
    "fingerprint",
    "in_short",
    "list_cost",
    "price",
    "price_factor",
    "reprice_charges",
    "reprice_day",
    "unpriced_models",
]
