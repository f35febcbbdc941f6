/** Names in route files, and faults at them. */

/** `core@file` → `core`: there is no other provider here. */
export function unqualified(name: string): string {
  return name.endsWith('@file') ? name.slice(0, -'@file'.length) : name
}

/** Runs `make`; what it throws becomes a fault at that entry of the files, and the result is undefined. */
export type Attempt = <Result>(
  section: 'routers' | 'middlewares' | 'services',
  name: string,
  make: () => Result,
  path?: string[],
) => Result | undefined
