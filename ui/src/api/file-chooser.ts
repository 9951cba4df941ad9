import { platform } from "@/platform/current";

/** The system's own dialog for where a file shall go; nothing where there is none, as in a browser. */
export function fileChooser(): ((title: string, suggested: string) => Promise<string | null>) | undefined {
  const own = platform();
  return own.chooseFile?.bind(own);
}
