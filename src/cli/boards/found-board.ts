/** A blob that is looked at: of an archive with its bytes, which are nowhere else. */
export interface FoundBoard {
  readonly name: string;
  readonly bytes?: Uint8Array;
}
