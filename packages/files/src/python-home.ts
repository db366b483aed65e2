import { environment, hasNode } from "./platform.js";

/*
 * Where Python's huggingface_hub keeps what it knows about a user: the variables and their order are those of its
 * `constants.py` (2.4). TRANSFORMERS_CACHE comes from transformers 4.
 */

/** `$HF_HOME`, or `huggingface` in the user's cache folder. */
async function pythonHome(): Promise<string> {
  const path = await import("node:path");
  const os = await import("node:os");
  const given = environment("HF_HOME");
  if (given) return expand(given);
  return path.join(await expand(environment("XDG_CACHE_HOME") ?? path.join(os.homedir(), ".cache")), "huggingface");
}

/** The folder of downloaded repositories; undefined where there is no disk. */
export async function pythonHubCache(): Promise<string | undefined> {
  if (!hasNode()) return undefined;
  const path = await import("node:path");
  const names = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"];
  const given = names.map(environment).find((value) => value !== undefined);
  return given ? expand(given) : path.join(await pythonHome(), "hub");
}

/** The file that `hf auth login` and `huggingface-cli login` write; undefined where there is no disk. */
export async function pythonTokenFile(): Promise<string | undefined> {
  if (!hasNode()) return undefined;
  const path = await import("node:path");
  const given = environment("HF_TOKEN_PATH");
  return given ? expand(given) : path.join(await pythonHome(), "token");
}

/** "~" at the start and variables, as Python's `expanduser` and `expandvars` replace them. */
async function expand(text: string): Promise<string> {
  const path = await import("node:path");
  const os = await import("node:os");
  const home = /^~(?=$|[/\\])/.test(text) ? os.homedir() + text.slice(1) : text;
  const whole = home.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (all, bare, braced) => environment(bare ?? braced) ?? all);
  return path.resolve(whole);
}
