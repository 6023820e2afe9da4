import mongoose from 'mongoose';
import { failure } from '../entries.mjs';

/** Queries are built and, since there is no server, fail when they are run. */
export async function suite({ trace, check }) {
  mongoose.set('bufferCommands', false);
  const schema = new mongoose.Schema(
    { item: String, count: { type: Number, min: 0 }, tags: [String] },
    { bufferCommands: false, autoCreate: false, autoIndex: false },
  );
  const said = [];
  schema.pre('findOne', function () {
    said.push(['pre findOne', this.getFilter(), this.op]);
  });
  schema.pre(/^find/, function () {
    said.push(['pre find', this.op]);
  });
  schema.methods.double = function (...args) {
    return [this.count * 2, args.length];
  };
  schema.statics.byItem = function (item, ...rest) {
    return this.find({ item, rest: rest.length });
  };
  schema.query.cheap = function (limit) {
    return this.where('count').lt(limit);
  };
  const Order = mongoose.model('Order', schema);
  const find = trace((...args) => Order.find({ item: args[0] }));
  await check('fluent: this is the query', () => {
    const query = find('a');
    return [
      query.where('count').gt(1) === query,
      query.sort('item') === query,
      query.getFilter(),
      query.getOptions(),
    ];
  });
  await check('shape', () => {
    const query = find('a');
    return [
      query instanceof mongoose.Query,
      query.constructor.name,
      typeof query.then,
      query.op,
      query.model === Order,
      Object.keys(query).length === Object.keys(Order.find({})).length,
      Object.prototype.toString.call(query),
      query.then.length,
      query.then.name,
      query.exec.name,
      query.exec.length,
    ];
  });
  await check('the same object', () => {
    const query = Order.find();
    return trace(() => query)() === query;
  });
  await check('query helpers', () => trace((limit) => Order.find().cheap(limit))(3).getFilter());
  await check('statics', () => trace(() => Order.byItem('a', undefined))().getFilter());
  const failing = {
    awaited: async () => {
      await find('a');
    },
    exec: () => find('a').exec(),
    'exec, traced': () => trace(() => Order.findOne({ item: 'b' }).exec())(),
    then: () => new Promise((resolve, reject) => find('a').then(resolve, reject)),
    catch: () =>
      find('a').catch(function (error, ...rest) {
        throw Object.assign(error, { rest: rest.length });
      }),
    orFail: () => trace(() => Order.findOne().orFail(() => new RangeError('mine')))(),
    findById: () => trace(() => Order.findById('507f191e810c19729de860ea'))(),
    countDocuments: () => trace(() => Order.countDocuments({ item: 'a' }))(),
    distinct: () => trace(() => Order.distinct('item'))(),
    updateOne: () => trace(() => Order.updateOne({ item: 'a' }, { count: 1 }))(),
    findOneAndUpdate: () => trace(() => Order.findOneAndUpdate({ item: 'a' }, { count: 1 }, { new: true }))(),
    deleteMany: () => trace(() => Order.deleteMany({}))(),
    aggregate: () => trace(() => Order.aggregate([{ $match: { item: 'a' } }]))(),
    'aggregate, exec': () => trace(() => Order.aggregate().match({ item: 'a' }).exec())(),
    create: () => trace(() => Order.create({ item: 'a' }))(),
    save: () => trace(() => new Order({ item: 'a' }).save())(),
    insertMany: () => trace(() => Order.insertMany([{ item: 'a' }]))(),
    bulkWrite: () => trace(() => Order.bulkWrite([{ insertOne: { document: { item: 'a' } } }]))(),
    'lean, select, populate': () => find('a').lean().select('item'),
    'an impossible cast': () => trace(() => Order.find({ count: 'many' }))(),
    'a wrong document': () => trace(() => Order.create({ count: -1 }))(),
  };
  for (const [name, act] of Object.entries(failing)) {
    await check(`fails as untraced: ${name}`, async () => {
      const error = await failure(act);
      return [error.name, error.message, error.rest, said.splice(0)];
    });
  }
  await check('run twice', async () => {
    const query = find('a');
    await failure(() => query);
    const error = await failure(() => query);
    return [error.name, error.message.slice(0, 60), said.splice(0).length];
  });
  await check('then hears once', async () => {
    let times = 0;
    const query = find('a');
    await query.then(
      () => {},
      () => void times++,
    );
    return [times, said.splice(0).length];
  });
  await check('finally', async (log) => [
    await failure(() => find('a').finally((...args) => log('finally', args.length))),
    said.splice(0).length,
  ]);
  await check('never awaited: never run', async () => {
    find('a');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return said.splice(0);
  });
  await check('clone and merge', () => [
    find('a').clone().getFilter(),
    Order.find({ count: 1 }).merge(find('b')).getFilter(),
    find('a').toConstructor !== undefined,
  ]);
  await check('adopted by others', async () => {
    const settled = await Promise.allSettled([
      find('a'),
      Promise.resolve(find('b')),
      (async () => find('c'))(),
    ]);
    said.splice(0);
    return settled.map(({ status, reason }) => [status, reason.name]);
  });
  await check('an aggregate: this and options', () => {
    const aggregate = trace(() => Order.aggregate([{ $match: { a: 1 } }]))();
    return [
      aggregate.limit(2) === aggregate,
      aggregate.pipeline(),
      aggregate instanceof mongoose.Aggregate,
      typeof aggregate[Symbol.asyncIterator],
    ];
  });
  await check('a cursor', async () => {
    const cursor = trace(() => Order.find().cursor())();
    const error = await failure(() => cursor.next());
    return [cursor.constructor.name, error.name];
  });
  await check('for await over a query', async () => {
    const error = await failure(async () => {
      for await (const order of find('a')) void order;
    });
    return error.name;
  });
  await check('a document is a value', () => {
    const order = trace((value) => new Order(value))({ item: 'a', count: 2, tags: ['x'] });
    const { _id, ...plain } = order.toObject();
    return [
      plain,
      typeof _id,
      order.isNew,
      order.isModified('item'),
      order.validateSync(),
      order.double(1, undefined),
      order.tags.includes('x'),
      Object.keys(order).length === Object.keys(new Order()).length,
    ];
  });
  await check('documents: validate', async () => [
    await trace(() => new Order({ count: 1 }).validate())(),
    (await failure(() => trace(() => new Order({ count: -1 }).validate())())).message,
  ]);
  await check('middleware that is traced: this and arguments', async () => {
    const other = new mongoose.Schema({ item: String }, { autoCreate: false, autoIndex: false });
    const seen = [];
    other.pre(
      'validate',
      trace(async function (...args) {
        seen.push(['validate', this.item, args.length > 2]);
      }),
    );
    other.methods.greet = trace(function (...args) {
      return [this.item, args.length];
    });
    other.virtual('upper').get(
      trace(function () {
        return this.item.toUpperCase();
      }),
    );
    const Other = mongoose.model('Other', other);
    const one = new Other({ item: 'a' });
    await one.validate();
    return [seen, one.greet(1, undefined), one.upper];
  });
  await check('a class whose methods are loaded into a schema', () => {
    class Methods {
      get shout() {
        return this.item.toUpperCase();
      }
      twice(...args) {
        return [this.item + this.item, args.length];
      }
      static named(item) {
        return this.find({ item }).getFilter();
      }
    }
    trace.class(Methods);
    const loaded = new mongoose.Schema({ item: String }, { autoCreate: false, autoIndex: false });
    loaded.loadClass(Methods);
    const Loaded = mongoose.model('Loaded', loaded);
    return [new Loaded({ item: 'a' }).twice(1), new Loaded({ item: 'a' }).shout, Loaded.named('b')];
  });
  await check('a repository', async () => {
    class Orders {
      model = Order;
      all(...args) {
        return this.model.find({ n: args.length });
      }
    }
    trace.class(Orders);
    const query = new Orders().all(1, undefined, 3).sort('item');
    const error = await failure(() => query);
    said.splice(0);
    return [query.getFilter(), query.getOptions(), error.name];
  });
}
