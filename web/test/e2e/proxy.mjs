// CDS_WEB=folder: the UI of a folder in front of a server whose binary holds another one.
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream";

const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html" };

export async function proxy(folder, target) {
  const { headers } = await fetch(target);
  const policy = headers.get("content-security-policy") ?? "";
  const server = createServer(async (from, to) => {
    const { pathname } = new URL(from.url, target);
    if (pathname.startsWith("/v1/")) {
      const other = request(new URL(from.url, target), { method: from.method, headers: from.headers }, (answer) => {
        to.writeHead(answer.statusCode, answer.headers);
        // A server that is lost is lost here too.
        pipeline(answer, to, () => to.destroy());
      });
      other.on("error", () => to.destroy());
      to.on("close", () => other.destroy());
      return void from.pipe(other);
    }
    // As the server does: what is no file is the page, also where an address has a dot in it.
    const name = TYPES[extname(pathname)] ? normalize(pathname) : "/index.html";
    const coded = await readFile(join(folder, `${name}.br`)).catch(() => undefined);
    const body = coded ?? (await readFile(join(folder, name)).catch(() => undefined));
    to.writeHead(body ? 200 : 404, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": policy, ...(coded && { "content-encoding": "br" }) });
    to.end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.closeAllConnections() || server.close() };
}
