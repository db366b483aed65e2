// Loaded before anything else (`--import`).
import { forbidRelaxed } from "./relaxed.mjs";

forbidRelaxed();
