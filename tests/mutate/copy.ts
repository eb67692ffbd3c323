// A copy of the working tree in which faults can be planted: third-party packages are those of the clone, our own are
// the copy's.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Copy extends Disposable {
  readonly folder: string;
}

export function copyTree(root: string): Copy {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-mutate-"));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split(
    "\0",
  );
  for (const file of files.filter((name) => name !== "")) {
    const to = path.join(folder, file);
    mkdirSync(path.dirname(to), { recursive: true });
    cpSync(path.join(root, file), to, { force: true });
  }
  const modules = path.join(folder, "node_modules");
  mkdirSync(path.join(modules, "@chasqui"), { recursive: true });
  for (const name of readdirSync(path.join(root, "node_modules")))
    if (name !== "@chasqui" && name !== "chasqui" && name !== ".vite")
      symlinkSync(path.join(root, "node_modules", name), path.join(modules, name));
  for (const group of ["libs", "services"])
    for (const name of readdirSync(path.join(folder, group))) {
      const link =
        name === "cli" ? path.join(modules, "chasqui") : path.join(modules, "@chasqui", name);
      symlinkSync(path.join(folder, group, name), link);
    }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
