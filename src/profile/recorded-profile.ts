/** The profile of the kernel that records hold: the first thing that boot leaves, and what everything else asks. */
import type { Records } from '../records.ts';
import type { Geometry } from './geometry.ts';
import { namedProfile, type Profile, type ProfileNames, profileNames } from './profile.ts';

const PROFILE = 'profile';

/** Views are made for every call: what they ask for each time is found once for each set of records. */
const found = new WeakMap<Records, Profile>();

/** Says which Linux boots in these records. */
export function putProfile(records: Records, profile: Profile): void {
  records.put<ProfileNames>(PROFILE, profileNames(profile));
  found.set(records, profile);
}

/** Which Linux has booted in these records. @throws Error when none has */
export function profileIn(records: Records): Profile {
  const known = found.get(records);
  if (known !== undefined) return known;
  const names = records.get<ProfileNames>(PROFILE);
  if (names === undefined) throw new Error('no kernel has booted in these records');
  const profile = namedProfile(names);
  found.set(records, profile);
  return profile;
}

/** The pages of the kernel in these records. @throws Error when none has booted */
export const geometryOf = (records: Records): Geometry => profileIn(records).geometry;
