const atOnce = 3;

/** Runs `work` over all of `inputs`, a few at a time; resolves with what went wrong. */
export async function problemsOf<T>(inputs: readonly T[], work: (input: T) => Promise<string[]>): Promise<string[]> {
  const left = [...inputs];
  const problems: string[] = [];
  const worker = async (): Promise<void> => {
    for (let input = left.shift(); input !== undefined; input = left.shift()) problems.push(...(await work(input)));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return problems;
}
