export const kernelsCommand = () => undefined;
