import { joinReports } from '../explain/explain-hazard.ts';
import { AnsweredNo } from '../failures.ts';
import { hazardJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderHazards } from '../render/hazards.ts';

/** `dmaheap hazards`: what went wrong with shared memory since boot; exit 1 when something did. */
export function hazardsCommand({ program, shell }: Registry): void {
  const command = program
    .command('hazards')
    .summary('stale reads, lost writes and stray DMA since boot')
    .description(
      'Lists every stale read, lost write and stray DMA since boot, with the call that was missing. Exit 1 when there are any, so that CI can ask.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap hazards',
        `dmaheap hazards --json | jq '.hazards[] | {kind, cause}'`,
        './test-capture.sh && dmaheap hazards',
      ),
    )
    .action(async () => {
      const sh = shell(command);
      const session = await sh.session('hazards');
      const { hazards, gone, profile } = session.view((kernel) => ({
        hazards: joinReports(kernel.hazards.since(0)),
        gone: kernel.hazards.dropped,
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({
          schema: 'dmaheap.hazards/2',
          profile,
          hazards: hazards.map(hazardJson),
          ...(gone > 0 && { no_longer_kept: gone }),
        }),
        (ink) => renderHazards(hazards, ink) || 'none\n',
      );
      if (gone > 0) sh.streams.err(`(the first ${gone} reports are no longer kept)\n`);
      if (hazards.length > 0) throw new AnsweredNo();
    });
}
