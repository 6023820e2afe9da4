import * as graphqlModule from 'graphql';
import { failure } from '../entries.mjs';

const { GraphQLObjectType, GraphQLSchema, GraphQLString, GraphQLInt, GraphQLList, GraphQLNonNull } =
  graphqlModule;

export async function suite({ trace, check }) {
  const {
    graphql,
    graphqlSync,
    parse,
    validate,
    execute,
    subscribe,
    buildSchema,
    printSchema,
    print,
    visit,
    introspectionFromSchema,
  } = trace.all(graphqlModule);
  const later = (value) => new Promise((resolve) => setTimeout(resolve, 1, value));
  const seen = [];
  const resolver = (fn) =>
    trace(function (...args) {
      seen.push([this === undefined, args.length]);
      return fn(...args);
    });
  async function* count(limit, end) {
    try {
      for (let nth = 1; nth <= limit; nth++) yield { tick: nth };
      if (end === 'throws') throw new RangeError('mine');
    } finally {
      seen.push('cleaned up');
    }
  }
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: () => ({
        sync: { type: GraphQLString, resolve: resolver(() => 'sync') },
        later: {
          type: GraphQLString,
          args: { by: { type: GraphQLInt } },
          resolve: resolver((source, { by }) => later(`later ${by}`)),
        },
        list: { type: new GraphQLList(GraphQLInt), resolve: resolver(() => [1, later(2), 3]) },
        iterable: {
          type: new GraphQLList(GraphQLInt),
          resolve: resolver(function* () {
            yield 1;
            yield 2;
          }),
        },
        set: { type: new GraphQLList(GraphQLInt), resolve: resolver(() => new Set([1, 2])) },
        stream: {
          type: new GraphQLList(GraphQLInt),
          resolve: resolver(async function* () {
            yield 1;
            yield 2;
          }),
        },
        fails: {
          type: GraphQLString,
          resolve: resolver(async () => {
            throw new RangeError('mine');
          }),
        },
        throws: {
          type: GraphQLString,
          resolve: resolver(() => {
            throw new TypeError('thrown');
          }),
        },
        required: { type: new GraphQLNonNull(GraphQLString), resolve: resolver(() => null) },
        thunk: { type: GraphQLString },
        method: { type: GraphQLString, args: { a: { type: GraphQLInt } } },
        nested: {
          type: new GraphQLObjectType({
            name: 'Nested',
            fields: { value: { type: GraphQLString, resolve: resolver((source) => source.value) } },
          }),
          resolve: resolver(() => ({ value: 'inner' })),
        },
      }),
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        tick: {
          type: GraphQLInt,
          args: { limit: { type: GraphQLInt }, end: { type: GraphQLString } },
          subscribe: resolver((source, { limit, end }) => count(limit, end)),
        },
      },
    }),
  });
  const run = async (source, more) => {
    const result = await graphql({ schema, source, ...more });
    return [result, seen.splice(0)];
  };
  const words = (result) => JSON.parse(JSON.stringify(result));
  for (const field of [
    'sync',
    'later(by: 3)',
    'list',
    'iterable',
    'set',
    'stream',
    'fails',
    'throws',
    'required',
    'nested { value }',
  ]) {
    await check(`a resolver: ${field}`, async () => {
      const [result, calls] = await run(`{ ${field} }`);
      return [words(result), result.errors?.map(({ originalError }) => originalError), calls];
    });
  }
  await check('rootValue: this and arguments of methods', async () => {
    class Root {
      mine = 'x';
      thunk(...args) {
        return [this.mine, args.length].join();
      }
      method({ a }, context, info, ...rest) {
        return [this.mine, a, context.c, info.fieldName, rest.length].join();
      }
    }
    trace.class(Root);
    const [result] = await run('{ thunk method(a: 1) }', { rootValue: new Root(), contextValue: { c: 2 } });
    return words(result);
  });
  await check('graphqlSync answers at once', () => [
    words(graphqlSync({ schema, source: '{ sync }' })),
    seen.splice(0),
  ]);
  await check('graphqlSync refuses what is asynchronous', async () => {
    const error = await failure(() => graphqlSync({ schema, source: '{ later(by: 1) }' }));
    seen.splice(0);
    return error;
  });
  await check('execute: a promise only if it must be', async () => {
    const answers = ['{ sync }', '{ later(by: 1) }'].map((source) =>
      execute({ schema, document: parse(source) }),
    );
    const kinds = answers.map((answer) => typeof answer.then);
    await Promise.all(answers);
    seen.splice(0);
    return kinds;
  });
  await check('in order, side by side', async () => {
    const [result] = await run('{ a: later(by: 1) b: sync c: fails }');
    return words(result);
  });
  const heard = async (document, limit = 10) => {
    const result = await subscribe({ schema, document: parse(document) });
    const all = [];
    for await (const item of result) {
      all.push(words(item));
      if (all.length === limit) break;
    }
    return [all, seen.splice(0)];
  };
  await check('a subscription', () => heard('subscription { tick(limit: 3) }'));
  await check('a subscription, left early', () => heard('subscription { tick(limit: 3) }', 1));
  await check('a subscription whose source throws', async () => [
    await failure(() => heard('subscription { tick(limit: 1, end: "throws") }')),
    seen.splice(0),
  ]);
  await check('a subscription by hand', async () => {
    const result = await subscribe({ schema, document: parse('subscription { tick(limit: 3) }') });
    const first = await result.next();
    const left = await result.return('enough');
    const after = await result.next();
    return [words(first), left, after, result[Symbol.asyncIterator]() === result, seen.splice(0)];
  });
  await check('a subscription that is thrown into', async () => {
    const result = await subscribe({ schema, document: parse('subscription { tick(limit: 3) }') });
    await result.next();
    const error = await failure(() => result.throw(new RangeError('mine')));
    return [error, await result.next(), seen.splice(0)];
  });
  await check('parse: errors', async () => {
    const error = await failure(() => parse('{'));
    return [error.name, error.message, error.locations];
  });
  await check('validate', () => [
    validate(schema, parse('{ sync }')),
    validate(schema, parse('{ nothing }')).map(({ message }) => message),
  ]);
  await check('print and visit: this, arguments', () => {
    const calls = [];
    const document = visit(parse('{ a }'), {
      Field: trace(function (...args) {
        calls.push([args.length, args[0].name.value]);
        return undefined;
      }),
    });
    return [print(document), calls];
  });
  await check('buildSchema, printSchema, introspection', () => [
    printSchema(buildSchema('type Query { a: Int }')),
    introspectionFromSchema(buildSchema('type Query { a: Int }')).__schema.queryType.name,
  ]);
  await check('a type resolver of a schema language', async () => {
    const built = buildSchema('interface A { a: Int } type B implements A { a: Int } type Query { one: A }');
    built.getType('A').resolveType = trace(async (...args) => (args.length === 4 ? 'B' : undefined));
    return words(
      await graphql({ schema: built, source: '{ one { a __typename } }', rootValue: { one: { a: 1 } } }),
    );
  });
  await check('a custom resolver for all fields', async () => {
    const calls = [];
    const result = await graphql({
      schema,
      source: '{ thunk }',
      fieldResolver: trace((...args) => {
        calls.push(args.length);
        return 'from the default';
      }),
    });
    return [words(result), calls];
  });
  await check('a signal', async () => {
    const controller = new AbortController();
    const running = failure(async () => {
      const result = await graphql({ schema, source: '{ later(by: 1) }', abortSignal: controller.signal });
      if (result.errors) throw result.errors[0];
      return result;
    });
    controller.abort(new RangeError('enough'));
    const error = await running;
    seen.splice(0);
    return [error.name, error.message];
  });
}
