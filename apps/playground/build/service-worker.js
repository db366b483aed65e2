// Makes the page work without a network after the first visit, and isolated (which threads need) on servers that cannot
// send headers. Models are not kept here: @convbert/files has a cache of its own.
const FILES = ["@files"].flat();
const CACHE = "convbert-playground-@version";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("convbert-playground-") && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(self.registration.scope);
  const isOurs = url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
  if (request.method !== "GET" || !isOurs || url.pathname.startsWith(`${scope.pathname}models/`)) return;
  event.respondWith(answer(request, url));
});

async function answer(request, url) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.mode === "navigate" ? "./" : url.href.split("#")[0], { ignoreVary: true });
  if (kept !== undefined) return isolated(kept);
  const response = await fetch(request);
  // What is too large to be fetched for everybody is kept once somebody has used it.
  if (response.ok && url.pathname.includes("/assets/")) await cache.put(url.href, response.clone());
  return isolated(response);
}

/** The same response with the headers of cross-origin isolation, and the page's policy, which holds for its worker then. */
function isolated(response) {
  if (response.type === "opaque" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Content-Security-Policy", "@policy");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
