import type { TopicName } from '../help-topic-names.ts';
import { HELP_TOPICS } from '../help-topics.ts';
import type { Registry } from '../registry.ts';

/** `dmaheap help TOPIC`: what holds for all commands. `help COMMAND` is commander's. */
export function helpTopicCommand({ program, shell }: Registry): void {
  const command = program
    .command('help', { hidden: true })
    .argument('<topic>')
    .action((topic: TopicName) => {
      shell(command).streams.out(`${HELP_TOPICS[topic].text}\n`);
    });
}
