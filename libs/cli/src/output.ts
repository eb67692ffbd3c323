// A stream of the process as commands see it.
import type { WriteStream } from "node:tty";
import type { Output } from "./cli.ts";
import { styleFor } from "./render/style.ts";

export function outputOf(stream: WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTty: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns || 80 : Infinity; // some terminals say 0
    },
    get rows() {
      return stream.isTTY ? stream.rows || 24 : Infinity;
    },
    style: styleFor(stream.isTTY === true, process.env),
  };
}
