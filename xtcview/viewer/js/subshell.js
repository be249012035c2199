// A way to the kernel that stays open while a cell runs: a comm of our own in a kernel subshell.

const WAIT_MS = 5000; // for the subshell to start
const POLL_MS = 20;

/**
 * Open a comm in a subshell; null where the front end or the kernel has no subshells.
 *
 * hear(content, buffers) takes answers, lost() is called when the comm ends.
 */
export async function openSubshell(kernel, { target, model }, hear, lost) {
  if (!kernel?.createComm) return null;
  await kernel.info;
  if (!kernel.supportsSubshells || kernel.commsOverSubshells === "disabled") return null;
  const comm = kernel.createComm(target);
  // a comm that is opened sooner belongs to the main shell, and waits for the cell
  for (let ms = 0; !comm.subshellId && ms < WAIT_MS; ms += POLL_MS) {
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  if (!comm.subshellId) return comm.dispose(), null;
  comm.onMsg = ({ content, buffers = [] }) =>
    hear(content.data, buffers.map((b) => (ArrayBuffer.isView(b) ? b : new DataView(b))));
  comm.onClose = lost;
  comm.open({ model });
  return {
    name: "subshell",
    send: (content) => comm.send(content),
    close() {
      comm.onClose = undefined;
      if (!comm.isDisposed && !kernel.isDisposed) comm.close();
    },
  };
}
