// files.getUploadURLExternal → POST to the address it gives → files.completeUploadExternal.
import { randomBytes } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listAt, textAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { HttpError, readBody } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { SlackError } from "./calls.ts";
import type { SlackArguments } from "./calls.ts";
import { BOT_USER, findChannel } from "./methods-chat.ts";
import type { Method } from "./methods-chat.ts";
import type { SlackStore } from "./store.ts";

const FILE_BYTES_MAX = 50_000_000;
const OPEN_UPLOADS_MAX = 1_000;

interface Upload {
  readonly name: string;
  readonly length: number;
  received: boolean;
}

export interface SlackFiles {
  readonly methods: Record<string, Method>;
  receive(call: HttpCall, id: string): Promise<void>;
  serve(call: HttpCall, id: string): void;
}

export function createSlackFiles(options: {
  store: SlackStore;
  dataDir: string;
  url: () => string;
}): SlackFiles {
  const { store, url } = options;
  const dir = join(options.dataDir, "files");
  mkdirSync(dir, { recursive: true });
  const uploads = new Map<string, Upload>();
  return {
    methods: {
      "files.getUploadURLExternal": (args) => {
        const name = textAt(args, "filename") ?? "";
        const length = Number(args["length"]);
        if (name === "") throw new SlackError("missing_argument");
        if (!(length > 0))
          throw new SlackError("invalid_arguments", ["length: want bytes above 0"]);
        if (length > FILE_BYTES_MAX) throw new SlackError("file_upload_size_restricted");
        const id = `F${randomBytes(5).toString("hex").toUpperCase()}`;
        uploads.set(id, { name, length, received: false });
        if (uploads.size > OPEN_UPLOADS_MAX) uploads.delete(uploads.keys().next().value ?? "");
        return { file_id: id, upload_url: `${url()}/upload/v1/${id}` };
      },
      "files.completeUploadExternal": (args) => complete({ store, url, uploads }, args),
    },
    async receive(call, id) {
      const upload = uploads.get(id);
      if (upload === undefined) throw new HttpError(404, `no upload ${id} was announced`);
      const bytes = await fileOf(call);
      if (bytes.length !== upload.length) {
        throw new HttpError(400, `upload ${id}: ${bytes.length} bytes, ${upload.length} announced`);
      }
      writeFileSync(join(dir, id), bytes);
      upload.received = true;
      call.response.end(`OK - ${bytes.length}`);
    },
    serve(call, id) {
      const path = join(dir, id);
      if (!/^F[0-9A-F]+$/.test(id) || !existsSync(path)) throw new HttpError(404, `no file ${id}`);
      call.response.writeHead(200, {
        "content-type": "application/octet-stream",
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
      });
      createReadStream(path).pipe(call.response);
    },
  };
}

/** The first file of a multipart body, or the body itself. */
async function fileOf(call: HttpCall): Promise<Buffer> {
  const body = await readBody(call.request, FILE_BYTES_MAX + 100_000);
  const contentType = call.request.headers["content-type"] ?? "";
  if (!contentType.startsWith("multipart/form-data")) return body;
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": contentType },
  }).formData();
  for (const [, part] of form) {
    if (typeof part !== "string") return Buffer.from(await part.arrayBuffer());
  }
  throw new HttpError(400, "the form has no file in it");
}

function complete(
  world: { store: SlackStore; url: () => string; uploads: Map<string, Upload> },
  args: SlackArguments,
): JsonObject {
  const { store, url, uploads } = world;
  const files = listAt(args, "files").map((file) => {
    const id = textAt(file, "id") ?? "";
    const upload = uploads.get(id);
    if (upload === undefined || !upload.received) throw new SlackError("file_not_found");
    const title = textAt(file, "title") ?? upload.name;
    const privateUrl = `${url()}/files/${id}`;
    return { id, name: upload.name, title, size: upload.length, url_private: privateUrl };
  });
  if (files.length === 0) throw new SlackError("invalid_arguments", ["files: want at least one"]);
  const target = args["channel_id"];
  if (target !== undefined && target !== "") {
    const channel = findChannel(store, target);
    const threadTs = textAt(args, "thread_ts");
    store.put({
      channel: channel.id,
      channel_name: channel.name,
      ts: store.nextTs(),
      user: BOT_USER,
      text: textAt(args, "initial_comment") ?? "",
      files,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    });
  }
  for (const { id } of files) uploads.delete(id);
  return { files };
}
