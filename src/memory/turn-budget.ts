/**
 * The bytes that sync calls may borrow before the event loop gets its turn: collected arrays are
 * noticed only then.
 */
const TURN_BYTES = 64 * 2 ** 20
let borrowedInTurn = 0

/** Whether a sync call may borrow this number of bytes; otherwise it has to copy them. */
export function mayBorrow(bytes: number): boolean {
  if (!(bytes >= 0) || borrowedInTurn + bytes > TURN_BYTES) return false
  if (borrowedInTurn === 0) {
    setImmediate(() => {
      borrowedInTurn = 0
    }).unref()
  }
  borrowedInTurn += bytes
  return true
}
