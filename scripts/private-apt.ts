/** Packages of the distribution, fetched at run time and thrown away: for the corpus scripts. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** apt-get for one architecture with its state and cache in `dir`, so that the machine's own are left alone. */
export class PrivateApt {
  readonly #dir: string;
  readonly #options: string[];

  /**
   * @param suite the suite to take packages from, else those that this machine uses
   * @param architecture as dpkg calls it
   */
  constructor(dir: string, suite: string | undefined, architecture = 'arm64') {
    this.#dir = dir;
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'lists.d']) {
      mkdirSync(join(dir, name), { recursive: true });
    }
    writeFileSync(join(dir, 'status'), '');
    const settings = {
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Sandbox::User': '',
      'Acquire::Languages': 'none',
      'Dir::State': join(dir, 'state'),
      'Dir::State::status': join(dir, 'status'),
      'Dir::Cache': join(dir, 'cache'),
    };
    this.#options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    if (suite !== undefined) this.#useSuite(suite);
    this.#run('apt-get', ['-q', 'update']);
  }

  /** Takes packages from a suite of the mirror that this machine uses. */
  #useSuite(suite: string): void {
    const dir = this.#dir;
    const uris = this.#run(
      'apt-get',
      ['indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(CODENAME)'],
      false,
    );
    const mirror = uris.split('\n').find((line) => / Debian [a-z]+$/.test(line)) ?? '';
    const uri = mirror.split(' ')[0];
    if (!uri) throw new Error('this machine has no Debian sources to take a mirror from');
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    writeFileSync(join(dir, 'sources.list'), `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
    this.#options.push('-o', `Dir::Etc::sourcelist=${join(dir, 'sources.list')}`);
    this.#options.push('-o', `Dir::Etc::sourceparts=${join(dir, 'lists.d')}`);
  }

  #run(command: string, args: readonly string[], own = true): string {
    return execFileSync(command, [...(own ? this.#options : []), ...args], {
      cwd: this.#dir,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** Downloads a package, unpacks it into `into` and gives its full name. */
  unpack(name: string, into: string): string {
    this.#run('apt-get', ['-q', 'download', name]);
    const deb = readdirSync(this.#dir).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get downloaded nothing for ${name}`);
    execFileSync('dpkg-deb', ['-x', join(this.#dir, deb), into], { stdio: ['ignore', 'inherit', 'inherit'] });
    rmSync(join(this.#dir, deb));
    return deb.replace(/\.deb$/, '');
  }

  /** The first package that `name` depends on and that looks like `pattern`. */
  dependency(name: string, pattern: RegExp): string | undefined {
    const depends = this.#run('apt-cache', ['depends', '--no-recommends', name]);
    return [...depends.matchAll(/Depends: (\S+)/g)]
      .map((match) => match[1] ?? '')
      .find((one) => pattern.test(one));
  }

  /** The packages whose names look like `pattern`. */
  search(pattern: string): string[] {
    const found = this.#run('apt-cache', ['search', '--names-only', pattern]);
    return found.split('\n').flatMap((line) => line.split(' ')[0] || []);
  }
}
