// A mail server that keeps what it gets.
import { createServer } from "node:net";

/** `{ port, next(address), close }`; `next` waits for the newest mail to an address that was not given yet. */
export async function mailServer() {
  const mails = [];
  const host = createServer((socket) => {
    let text = "";
    let inside = false;
    let to = "";
    socket.write("220 catcher\r\n");
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      text += bytes;
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        if (inside) {
          const stop = text.indexOf("\r\n.\r\n");
          if (stop < 0) return;
          const body = text.slice(0, stop);
          text = text.slice(stop + 5);
          inside = false;
          // Quoted-printable: soft line ends, then bytes.
          const plain = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
          mails.push({ to, text: plain });
          socket.write("250 kept\r\n");
          continue;
        }
        text = text.slice(end + 2);
        if (/^RCPT TO:/i.test(line)) to = /<([^>]*)>/.exec(line)?.[1] ?? "";
        if (/^DATA/i.test(line)) {
          inside = true;
          socket.write("354 go on\r\n");
        } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
        else socket.write("250 ok\r\n");
      }
    });
  });
  await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
  return {
    port: host.address().port,
    mails,
    async next(address) {
      for (let i = 0; i < 600; i++) {
        const at = mails.findIndex((m) => m.to === address);
        if (at >= 0) return mails.splice(at, 1)[0].text;
        await new Promise((r) => setTimeout(r, 50));
      }
      throw new Error(`no mail to ${address}`);
    },
    close: () => host.close(),
  };
}
