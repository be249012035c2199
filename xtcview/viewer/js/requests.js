// Asking the kernel: the newest wish wins, one question is open at a time, answers are
// numbered, and a lost question is asked again.

export const LATE_MS = 2000; // after this the page says that the kernel does not answer
export const RETRY_MS = [5000, 10000, 20000, 40000]; // waits before asking again

/**
 * One line of questions.
 *
 * send(seq, wish, hurried) asks; hurried = the wish had to wait, so the hand is ahead of the
 * answers. onLate(bool) tells whether an answer is overdue. `timers` is for tests.
 */
export function createRequests({ send, onLate = () => {}, timers = globalThis }) {
  const state = { wish: null, open: null, seq: 0, newest: 0, tries: 0, late: false };
  let lateTimer, retryTimer;

  function setLate(late) {
    if (late === state.late) return;
    state.late = late;
    onLate(late);
  }

  function pump(hurried) {
    if (state.open || state.wish === null) return;
    state.open = { seq: ++state.seq, wish: state.wish };
    state.wish = null;
    timers.clearTimeout(lateTimer);
    lateTimer = timers.setTimeout(() => setLate(true), LATE_MS);
    const wait = RETRY_MS[Math.min(state.tries, RETRY_MS.length - 1)];
    retryTimer = timers.setTimeout(retry, wait);
    send(state.open.seq, state.open.wish, hurried);
  }

  function retry() {
    if (!state.open) return;
    state.tries++;
    setLate(true);
    if (state.wish === null) state.wish = state.open.wish;
    state.open = null;
    pump(false);
  }

  return {
    /** Wish for something; it replaces a wish that was not asked yet. */
    ask(wish) {
      state.wish = wish;
      pump(false);
    },
    /** Note an answer; false when a newer one came before it and it must not be used. */
    answered(seq) {
      if (!Number.isInteger(seq)) return false;
      if (state.open && seq >= state.open.seq) {
        timers.clearTimeout(lateTimer);
        timers.clearTimeout(retryTimer);
        state.open = null;
        state.tries = 0;
      }
      if (seq <= state.newest) return false;
      state.newest = seq;
      setLate(false);
      pump(true);
      return true;
    },
    /** True while an answer is awaited. */
    busy: () => state.open !== null,
    close() {
      timers.clearTimeout(lateTimer);
      timers.clearTimeout(retryTimer);
      state.wish = state.open = null;
    },
  };
}
