// What package-lock.json asks for on this machine, and whether node_modules has it.
// npm writes node_modules/.package-lock.json as the last act of an install that succeeded, so that
// file is the proof of a whole install, also of one that somebody made by hand with `npm ci`.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The stamp of an install: the lock file's content and the machine it was made for. */
export function stampOf(root) {
  const lock = readFileSync(path.join(root, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform} ${process.arch}\n`;
}

/** True when a package's `os`, `cpu` or `libc` (absent, a string or a list, `!x` excludes) allows `value`. */
function allows(field, value) {
  if (field === undefined) return true;
  const list = [field].flat();
  if (list.includes(`!${value}`)) return false;
  return list.every((entry) => entry.startsWith("!")) || list.includes(value);
}

function libcOfThisMachine() {
  if (process.platform !== "linux") return "none";
  return process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

/**
 * Packages of the lock file that must be in node_modules here. Optional ones count when they carry
 * binaries for exactly this machine: npm skips them without an error when their download fails.
 */
export function wantedPackages(root) {
  const libc = libcOfThisMachine();
  const wanted = new Map();
  for (const [location, entry] of Object.entries(
    readPackages(path.join(root, "package-lock.json")),
  )) {
    if (!location.includes("node_modules/") || entry.link === true) continue;
    const forThisMachine =
      allows(entry.os, process.platform) &&
      allows(entry.cpu, process.arch) &&
      allows(entry.libc, libc);
    if (!forThisMachine) continue;
    if (entry.optional === true && (entry.os === undefined || entry.cpu === undefined)) continue;
    wanted.set(location, entry);
  }
  return wanted;
}

/** Names with versions of the packages that node_modules lacks or has otherwise than the lock says. */
export function missingPackages(root) {
  const hidden = path.join(root, "node_modules/.package-lock.json");
  const present = existsSync(hidden) ? readPackages(hidden) : {};
  const missing = [];
  for (const [location, entry] of wantedPackages(root)) {
    const have = present[location];
    if (have?.version === entry.version && have.integrity === entry.integrity) continue;
    missing.push(`${location.slice(location.lastIndexOf("node_modules/") + 13)}@${entry.version}`);
  }
  return missing;
}
