/** A name that expressions may use. */
export interface Name {
  name: string;
  /** What it is, or a sample of its value. */
  detail: string;
  /** One line on what it does. */
  doc?: string;
  /** What is inserted, if it is more than the name. */
  insert?: string;
  /** How many characters of that are behind the caret then. */
  behind?: number;
}
