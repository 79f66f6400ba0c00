// Numbers of things in sentences.

/** "1 match", "2 matches". */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
