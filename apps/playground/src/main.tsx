import { render } from "preact";
import { App } from "./app.js";
import { keepAddress } from "./state/address.js";
import { keepAnswering } from "./state/answering.js";
import { keepTheme } from "./state/theme.js";

keepTheme();
keepAddress();
keepAnswering();
render(<App />, document.querySelector("#app")!);

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Without it the page works all the same, as long as there is a network.
  navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
}
