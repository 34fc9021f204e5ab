// Give: hands a file to another app, or to the disk where the browser shares no files. Share comes first: a download in an
// installed app has no way back on some phones.

/** Returns whether the file was handed on; a person who changes their mind is no trouble. */
export async function giveFile(content: Blob, name: string): Promise<boolean> {
  const file = new File([content], name, { type: "text/plain" });
  if (navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file] });
      return true;
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === "AbortError") return true;
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return true;
}
