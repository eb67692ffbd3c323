// A folder that is gone after the test. Other users may pass through it, because as root PostgreSQL
// runs as another user.
import { rmSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), `chasqui-test-${purpose}-`));
  await chmod(folder, 0o711);
  return {
    path: folder,
    // Not the one of promises: it takes ten times as much work for the hundreds of files of a store or a cluster.
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
