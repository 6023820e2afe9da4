// node starters/starter.mjs KIND: a project of `nest new` with the module in it, of a kind that people have; its own tests run, it is
// built as it is built there, and what was built answers a request and makes a span.

import { Project } from './project.mjs';
import { Served } from './served.mjs';

const HELLO = 'Hello World!';
const SPAN = 'AppController.getHello';

async function isServed(project, command = 'node dist/main.js') {
  const served = await Served.start(project.folder, command);
  try {
    await served.answers(HELLO);
  } finally {
    await served.end(SPAN);
  }
}

const ownTests = (project) => {
  project.run('npm test');
  project.run('npm run test:e2e');
};

const isModule = (project) => JSON.parse(project.read('package.json')).type === 'module';

const importOf = (names, from) => (text) => `import { ${names} } from '${from}';\n${text}`;

function toCommonJs(project) {
  if (isModule(project)) project.editJson('package.json', (manifest) => delete manifest.type);
  project.editJson('tsconfig.json', ({ compilerOptions }) => {
    compilerOptions.module = 'commonjs';
    delete compilerOptions.moduleResolution;
    delete compilerOptions.resolvePackageJsonExports;
  });
  if (/^await bootstrap/m.test(project.read('src/main.ts')))
    project.edit('src/main.ts', (text) => text.replace('await bootstrap()', 'void bootstrap()'));
}

const KINDS = {
  async new(project) {
    ownTests(project);
    project.run('nest build');
    await isServed(project);
  },

  async watch(project) {
    const served = await Served.start(project.folder, 'nest start --watch');
    try {
      await served.answers(HELLO);
      project.edit('src/app.service.ts', (text) => text.replace(HELLO, 'Hello again!'));
      await served.answers('Hello again!');
    } finally {
      await served.end(SPAN);
    }
  },

  async webpack(project) {
    // Nest 12 has webpack for CommonJS alone, and there it does not look for the source of an import that ends in `.js`.
    if (isModule(project)) {
      toCommonJs(project);
      project.run(String.raw`sed -i -E "s#(from '\./[^']+)\.js'#\1'#" src/*.ts`);
    }
    project.run('nest build --builder webpack');
    await isServed(project);
  },

  async rspack(project) {
    project.run('nest build --builder rspack');
    await isServed(project);
  },

  async swc(project) {
    project.run('nest build --builder swc --type-check');
    await isServed(project);
  },

  async monorepo(project) {
    project.run('nest generate app shop');
    // `nest generate library` asks for the prefix, in 11 only in a terminal: so what it calls is called.
    project.run('schematics @nestjs/schematics:library --name=pricing --prefix=@app --no-dry-run');
    const module = 'apps/app/src/app.module.ts';
    if (!project.read(module).includes('TracingModule.forRoot()'))
      throw new Error(`the module has gone from ${module}`);
    // The library's service is traced below the handler of the application.
    project.edit('libs/pricing/src/pricing.service.ts', (text) =>
      importOf(
        'Traced',
        'oncespan',
      )(
        text.replace(
          /(class PricingService \{)/,
          '$1\n  @Traced()\n  price(): number {\n    return 3;\n  }\n',
        ),
      ),
    );
    const ofLibrary = (name) => importOf(name, '@app/pricing');
    project.edit(module, (text) =>
      ofLibrary('PricingModule')(text.replace('imports: [', 'imports: [PricingModule, ')),
    );
    project.edit('apps/app/src/app.service.ts', (text) =>
      ofLibrary('PricingService')(
        text
          .replace(
            /(class AppService \{)/,
            '$1\n  constructor(private readonly pricing: PricingService) {}\n',
          )
          .replace(`return '${HELLO}'`, `this.pricing.price();\n    return '${HELLO}'`),
      ),
    );
    // By its path, for the paths of the configuration are not for tests in 12.
    const ofLibraryInTest = importOf(
      'PricingService',
      `../../../libs/pricing/src/pricing.service${isModule(project) ? '.js' : ''}`,
    );
    project.edit('apps/app/src/app.controller.spec.ts', (text) =>
      ofLibraryInTest(text.replace('providers: [', 'providers: [PricingService, ')),
    );
    project.editJson('tsconfig.json', ({ references }) => {
      // Left out by what generates it, whose own test of the library fails without.
      references?.push({ path: './libs/pricing/tsconfig.lib.json' });
    });
    project.run('npm test');
    project.run('nest build app && nest build shop');
    const served = await Served.start(
      project.folder,
      'node $(ls dist/apps/app/main.js dist/apps/app/src/main.js 2>/dev/null | head -1)',
    );
    try {
      await served.answers(HELLO);
    } finally {
      await served.end(SPAN, 'PricingService.price');
    }
  },

  async commonjs(project) {
    toCommonJs(project);
    ownTests(project);
    project.run('nest build');
    await isServed(project);
  },
};

const kind = process.argv[2];
const began = Date.now();
await KINDS[kind](Project.fresh());
console.log(`${kind}: ${Math.round((Date.now() - began) / 1000)} s`);
