// What `nest new` makes, with the module added: one folder with everything installed, made new for each kind of project.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const APP = join(ROOT, 'app');
const PRISTINE = join(ROOT, 'pristine');

/** For the builders, some of which the template or the command line of Nest 11 has already. */
const MORE = [
  '@swc/cli@0.8',
  '@swc/core@1',
  'webpack@5',
  '@rspack/core@2',
  'ts-loader@9',
  'webpack-node-externals@3',
  'tsconfig-paths-webpack-plugin@4',
  'fork-ts-checker-webpack-plugin@9',
  ...['api@1.10', 'context-async-hooks@3', 'core@3', 'sdk-trace@3'].map((name) => `@opentelemetry/${name}`),
];

const npm = (...args) =>
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps', ...args],
    {
      cwd: APP,
      stdio: 'inherit',
    },
  );

function create() {
  execFileSync('nest', ['new', 'app', '--skip-git', '--skip-install', '--package-manager', 'npm'], {
    cwd: ROOT,
  });
  cpSync(APP, PRISTINE, { recursive: true });
  // As it was installed here: the packed package.
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  npm(resolve(ROOT, dependencies.oncespan.replace(/^file:/, '')), ...MORE);
  cpSync(join(APP, 'package.json'), join(PRISTINE, 'package.json'));
}

export class Project {
  folder = APP;

  /** As `nest new` leaves it, with the one line of the README. */
  static fresh() {
    if (!existsSync(join(PRISTINE, 'package.json')) || !existsSync(join(APP, 'node_modules'))) {
      for (const folder of [APP, PRISTINE]) rmSync(folder, { recursive: true, force: true });
      create();
    }
    for (const name of readdirSync(APP))
      if (name !== 'node_modules') rmSync(join(APP, name), { recursive: true });
    cpSync(PRISTINE, APP, { recursive: true });
    const project = new Project();
    project.addModule('src/app.module.ts');
    return project;
  }

  addModule(file) {
    this.edit(file, (text) =>
      `import { TracingModule } from 'oncespan/nestjs';\n${text}`.replace(
        'imports: [',
        'imports: [TracingModule.forRoot(), ',
      ),
    );
  }

  read(file) {
    return readFileSync(join(APP, file), 'utf8');
  }

  edit(file, change) {
    const text = this.read(file);
    const changed = change(text);
    if (changed === text) throw new Error(`nothing to change in ${file}:\n${text}`);
    writeFileSync(join(APP, file), changed);
  }

  editJson(file, change) {
    const found = JSON.parse(this.read(file));
    change(found);
    writeFileSync(join(APP, file), JSON.stringify(found, undefined, 2));
  }

  /** A command of the project's own; throws if it fails. */
  run(command) {
    console.log(`$ ${command}`);
    execFileSync('bash', ['-c', command], { cwd: APP, stdio: 'inherit', env: environment() });
  }
}

/** Its own commands before those of the project around it. */
export function environment(more = {}) {
  const env = { ...process.env, CI: '1', NO_COLOR: '1', ...more };
  env.PATH = `${join(APP, 'node_modules/.bin')}:${env.PATH}`;
  return env;
}
