/** The kernel that commands over many boards speak for: what is wrong with it is told once, before any board is read. */
import { InvalidInput } from '../../diagnostic.ts';
import { askedProfile, type KernelParams } from '../../kernel/boot/asked-profile.ts';
import type { Profile } from '../../profile/profile.ts';
import type { Shell } from '../shell.ts';

/** @param source what messages name @throws InvalidInput where there is no such kernel */
export async function askedOfAll(sh: Shell, source: string, params: KernelParams): Promise<Profile> {
  const { profile, diagnostics } = askedProfile({ source }, params);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (profile === undefined || errors.length > 0) throw new InvalidInput(errors);
  await sh.warn(diagnostics);
  return profile;
}
