"""In what an amount of money is counted: a whole number of a small part of its currency.

The part is a nano (10⁻⁹) where a unit of the currency is worth about a dollar, and a larger one where it is worth less,
so that 64 bits hold the sums of a large company in every currency: about a thousand million dollars' worth or more, in
parts worth less than a millionth of a cent. docs/explanation/decisions says why.

The parts are fixed: amounts are stored in them. How much a currency is worth need not be known better than to a power
of ten, so they stay right when rates move.
"""

NANOS = 10**9
DIGITS = 9

_GROUPS = {
    # about ten to a hundred for a dollar
    7: "AFN ALL BTN CZK DOP EGP ERN GHS GMD HNL INR KGS LSL MDL MKD MUR MXN MZN NAD NIO PHP RUB SCR SLE STN SZL THB "
    "TJS TRY TWD UAH UYU ZAR ZMW",
    # about a hundred to a thousand
    6: "AMD BDT CLP CRC CVE DJF DZD ETB GYD HTG HUF ISK JMD JPY KES KMF KZT LKR LRD NPR PKR RSD SDG SOS VUV XAF XOF "
    "XPF YER",
    # about a thousand to ten thousand
    5: "AOA ARS BIF CDF COP GNF IQD KHR KPW KRW MGA MMK MNT MWK NGN PYG RWF SSP TZS UGX VES",
    # more
    4: "IDR IRR LAK LBP SLL SYP UZS VND ZWL",
}
"""How many digits behind the point are counted, where it is not nine; as of the rates of 2026."""

_SCALES: dict[str, int] = {currency: int(10**digits) for digits, names in _GROUPS.items() for currency in names.split()}


def scale_of(currency: str) -> int:
    """How many parts a unit of a currency has."""
    return _SCALES.get(currency, NANOS)


def from_nanos(nanos: int, currency: str) -> int:
    """Nanos of a currency in its parts, half to even."""
    size = NANOS // scale_of(currency)
    if size == 1:
        return nanos
    whole, rest = divmod(nanos, size)
    return whole + (2 * rest > size or (2 * rest == size and whole % 2 == 1))


def to_nanos(parts: int, currency: str) -> int:
    """Parts of a currency in nanos of it."""
    return parts * (NANOS // scale_of(currency))
