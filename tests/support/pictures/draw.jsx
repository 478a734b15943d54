// A message as Slack would draw it: window.draw(message) fills #root.
import { createRoot } from "react-dom/client";
import { Message } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";

window.draw = ({ blocks, name, time, logo, theme }) => {
  document.documentElement.dataset.theme = theme;
  createRoot(document.getElementById("root")).render(
    <Message blocks={blocks} name={name} time={new Date(time)} logo={logo} theme={theme} withoutWrapper={false} />,
  );
};
