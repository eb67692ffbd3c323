// JSON, as it is read and written.

export type Json = number | string | boolean | null | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}
