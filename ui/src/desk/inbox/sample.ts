// A random sample of what is about to be approved in one go: somebody should look at a few before all of them pass.

/** At most `count` of the items, each as likely as any other, in their own order. */
export function sample<T>(items: readonly T[], count: number, random: () => number = Math.random): T[] {
  const picked: T[] = []
  items.forEach((item, index) => {
    // Walking once: an item is taken with the chance (still wanted) / (still left).
    if (random() * (items.length - index) < count - picked.length) picked.push(item)
  })
  return picked
}
