// Main: reads the invitation out of the address before anything else, then opens the app.
import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import App from "./App.svelte";
import { watchAddress } from "./client/address.svelte";
import { session } from "./client/session.svelte";
import { invitationIn } from "./routes";
import { readLang } from "./words/words.svelte";

const secret = invitationIn(location.hash);
if (secret !== null) history.replaceState(null, "", "/");

readLang();
watchAddress();
const target = document.getElementById("app");
if (target) mount(App, { target, props: { secret } });
void session.begin();
