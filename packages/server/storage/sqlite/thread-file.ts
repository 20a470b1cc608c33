// Where the file of a thread lies: beside this one, built or as source.

/** The file of a thread by its name. */
export const threadFile = (name: 'writer' | 'reader'): URL => new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
