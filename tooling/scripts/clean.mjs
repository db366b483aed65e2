// Removes what a package's last build made, before turbo builds it or takes it from its cache: what comes from there is laid over
// the files that are there, and files whose names have changed, as chunks', would stay and be packed.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
