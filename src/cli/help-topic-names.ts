/** The topics of `dmaheap help`, by name alone: their texts are loaded when one is asked for. */
export const TOPIC_NAMES = ['exit-codes', 'json', 'sizes'] as const;

export type TopicName = (typeof TOPIC_NAMES)[number];

export const isTopic = (name: string): name is TopicName => TOPIC_NAMES.some((topic) => topic === name);
