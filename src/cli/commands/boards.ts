export const boardsCommand = () => undefined;
