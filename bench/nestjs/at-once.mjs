export const AT_ONCE = 8;
