// Which commit the files of a folder are of; nothing when that is not known.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const GIT_MS_MAX = 5_000;

/** The commit's id, with `+` when files differ from it; empty outside of a repository, or without git. */
export async function commitOf(folder: string): Promise<string> {
  try {
    const id = (await git(folder, "rev-parse", "HEAD")).trim();
    const changes = await git(folder, "status", "--porcelain", "--untracked-files=no");
    return changes.trim() === "" ? id : `${id}+`;
  } catch {
    return "";
  }
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { cwd, timeout: GIT_MS_MAX });
  return stdout;
}
