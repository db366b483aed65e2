/**
 * Makes requests go through the proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, as Python and most commands
 * do. Node does so by itself only with NODE_USE_ENV_PROXY=1; what that says, yes or no, is left as it is. Versions that
 * cannot be told later go without, and the error of a request that fails then says so.
 */
export async function useProxies(): Promise<void> {
  const { env, versions } = process;
  if (versions["bun"] !== undefined || versions["deno"] !== undefined || env["NODE_USE_ENV_PROXY"] !== undefined)
    return;
  if (!["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"].some((name) => env[name])) return;
  const http = (await import("node:http")) as { setGlobalProxyFromEnv?: () => unknown };
  http.setGlobalProxyFromEnv?.();
}
