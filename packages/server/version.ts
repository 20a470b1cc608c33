// The version of this server, one with all packages.

export const SERVER_VERSION = '0.1.0';
