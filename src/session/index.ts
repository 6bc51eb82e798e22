/** Sessions: kernels kept on disk and shared by processes. */
export { checkSession } from './check-session.ts';
export { type Compacted, compactSession } from './compact-session.ts';
export { describeLocation, type SessionLocation, sessionPath } from './directory.ts';
export type { JournalAccess, JournalCall, JournalEntry, JournalLimit } from './journal.ts';
export type { KeptBytes } from './kept-bytes.ts';
export {
  type BootOptions,
  bootSession,
  openSession,
  removeSession,
  type SessionOptions,
} from './local-session.ts';
export { MemorySession } from './memory-session.ts';
export type { Replayed } from './replay-log.ts';
export { type ServedSession, type ServeOptions, serveSession } from './served-session.ts';
export type { BootInputs, Session, SessionInfo, SessionView } from './session.ts';
export { SessionError, type SessionErrorCode } from './session-error.ts';
