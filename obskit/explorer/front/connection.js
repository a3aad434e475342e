// Whether the kernel still answers. A notebook tells a widget nothing about a kernel that was restarted or a network
// that is gone, so each message is acknowledged, and while the kernel works it is asked now and then.

const PATIENCE = 10_000; // milliseconds without a word of the kernel, after which the page says so
const EVERY = 4_000; // milliseconds between two questions while the kernel works

/**
 * Return {send(message), post(message), heard(), working(on), stop()}. `lost(closed)` is called when nothing answers:
 * `closed` if the notebook refuses to send. `back()` is called when an answer comes after all.
 */
function makeConnection({ model, lost, back }) {
  let due = null;
  let beat = null;
  let silent = false;

  function rest() {
    clearTimeout(due);
    due = null;
  }

  function fail(closed) {
    rest();
    clearInterval(beat);
    beat = null;
    silent = true;
    lost(closed);
  }

  /** Send a message that needs no acknowledgement. */
  function post(message) {
    try {
      model.send(message)?.catch?.(() => fail(true)); // some notebooks send later
    } catch {
      fail(true);
    }
  }

  function send(message) {
    due ??= setTimeout(() => fail(false), PATIENCE);
    post(message);
  }

  return {
    post,
    send,
    /** Take note of anything that came from the kernel. */
    heard() {
      rest();
      if (!silent) return;
      silent = false;
      back();
    },
    working(on) {
      if (on && !silent) beat ??= setInterval(() => send({ type: "ping" }), EVERY);
      else {
        clearInterval(beat);
        beat = null;
      }
    },
    stop() {
      rest();
      clearInterval(beat);
    },
  };
}
