import * as cheerio from 'cheerio';
import { failure } from '../entries.mjs';

const HTML = '<ul id="a"><li class="x">one</li><li>two</li><li data-n="3">three</li></ul><p>end</p>';

export async function suite({ trace, check }) {
  const { load } = trace.all(cheerio);
  const $ = load(HTML);
  const find = trace((selector, ...rest) => $(selector, ...rest));
  const texts = (selection) => selection.toArray().map((element) => $(element).text());
  await check('load', () => [
    typeof $,
    $.html().length,
    $('li').length,
    typeof $.root,
    $.fn === $.prototype,
    $.name,
    $.length,
  ]);
  await check('a selection is what it was', () => {
    const selection = $('li');
    return [
      trace(() => selection)() === selection,
      find('li').constructor === selection.constructor,
      find('li') instanceof $,
      Object.keys(find('li')).toSorted(),
      Object.getOwnPropertyNames(find('li')).toSorted(),
    ];
  });
  await check('text, html, attr, data, val', () => [
    find('li').text(),
    find('li').first().html(),
    find('#a').attr('id'),
    find('[data-n]').data('n'),
    find('ul').toString().length,
  ]);
  await check('chained', () => texts(find('ul').find('li').filter('.x').next().addBack()));
  await check('end()', () => {
    const list = find('ul');
    const inner = list.find('li');
    return [inner.end() === list, inner.prevObject === list];
  });
  await check('each: this, arguments, left early', (log) => {
    const answer = find('li').each(
      trace(function (index, element, ...rest) {
        log(this === element, index, $(this).text(), rest.length);
        return index < 1;
      }),
    );
    return answer.length;
  });
  await check('map: this, arguments', () =>
    find('li')
      .map(
        trace(function (index, element) {
          return [this === element, index];
        }),
      )
      .get(),
  );
  await check('filter, not, is with functions', () => [
    texts(
      find('li').filter(
        trace(function (index) {
          return index > 0 && this.name === 'li';
        }),
      ),
    ),
    texts(find('li').not((index) => index === 0)),
    find('li').is(
      trace(function () {
        return $(this).hasClass('x');
      }),
    ),
  ]);
  await check('attr, text, html, addClass with functions', () => {
    const copy = cheerio.load(HTML);
    copy('li')
      .attr(
        'id',
        trace(function (index, value) {
          return `${this.name}${index}${value}`;
        }),
      )
      .addClass(trace((index, value) => `c${index}${value ?? ''}`))
      .text(trace((index, text) => text.toUpperCase()));
    return copy.html('ul');
  });
  await check('an iterator', () => {
    const seen = [];
    for (const element of find('li')) seen.push($(element).text());
    const iterator = find('li')[Symbol.iterator]();
    const first = iterator.next();
    return [seen, first.done, $(first.value).text(), [...find('li')].length, typeof iterator.return];
  });
  await check('an iterator, left early, then again', () => {
    const selection = find('li');
    for (const element of selection) {
      void element;
      break;
    }
    return [...selection].length;
  });
  await check('two iterators at once', () => {
    const selection = find('li');
    const one = selection[Symbol.iterator]();
    const two = selection[Symbol.iterator]();
    one.next();
    return [$(one.next().value).text(), $(two.next().value).text()];
  });
  await check('entries, slice, eq, get, index', () => [
    find('li').slice(1).length,
    find('li').eq(-1).text(),
    find('li').get().length,
    find('li').index(find('[data-n]')),
    find('li').get(0).name,
    find('li')[1].name,
    find('li').length,
  ]);
  await check('manipulation: this is answered', () => {
    const copy = cheerio.load(HTML);
    const list = trace(() => copy('ul'))();
    return [
      list.append('<li>four</li>') === list,
      list.prepend('<li>zero</li>') === list,
      list.children().length,
      copy('li').last().remove().length,
      list.empty() === list,
      copy.html(),
    ];
  });
  await check('wrap, replaceWith, clone, before, after', () => {
    const copy = cheerio.load(HTML);
    trace(() => copy('p').wrap('<div></div>'))();
    trace(() => copy('p').before('<i></i>').after('<b></b>'))();
    const clone = trace(() => copy('ul').clone())();
    copy('ul').replaceWith('<ol></ol>');
    return [copy('body').html(), clone.children().length];
  });
  await check('css, prop, toggleClass, removeAttr', () => {
    const copy = cheerio.load(HTML);
    return [
      trace(() => copy('p').css('color', 'red'))().css(),
      copy('p').prop('tagName'),
      copy('p').toggleClass('t').hasClass('t'),
      copy('li.x').removeAttr('class').attr('class'),
    ];
  });
  await check('serialize and extract', () => [
    cheerio
      .load('<form><input name="a" value="1"><input name="b" value="2"></form>')('form')
      .serializeArray(),
    trace((...args) => $.extract(...args))({ items: ['li'], end: 'p' }),
  ]);
  await check('a context to search in', () => texts(find('li', '#a')));
  await check('XML', () => trace((...args) => cheerio.load(...args))('<a><b/></a>', { xml: true }).xml());
  await check('parseHTML, contains, merge', () => [
    trace((...args) => $.parseHTML(...args))('<i></i><b></b>').length,
    $.contains($('ul')[0], $('li')[0]),
  ]);
  await check('a plugin: this', () => {
    $.prototype.shout = trace(function (...args) {
      return [this.text().toUpperCase(), args.length, this instanceof $];
    });
    return find('p').shout(1, undefined, 3);
  });
  await check('an empty selection', () => [
    find('nothing').length,
    find('nothing').text(),
    find('nothing').html(),
    [...find('nothing')],
  ]);
  await check('a wrong selector', () => failure(() => find('li[')));
  await check('a callback that throws', () =>
    failure(() =>
      find('li').each(
        trace(() => {
          throw new RangeError('mine');
        }),
      ),
    ),
  );
  await check('a stream', async () => {
    const stream = trace((...args) => cheerio.stringStream(...args))({}, (error, copy) => {
      stream.seen = [error, copy('li').length];
    });
    stream.end(HTML);
    await new Promise((resolve) => stream.on('finish', () => setTimeout(resolve, 5)));
    return stream.seen;
  });
  await check('selections in an async function', async () => texts(await trace(async () => $('li'))()));
  await check('a class', () => {
    class Page {
      #$ = cheerio.load(HTML);
      items(...args) {
        return this.#$('li').slice(args.length);
      }
      texts() {
        return this.items(1)
          .map((index, element) => this.#$(element).text())
          .get();
      }
      *each() {
        for (const element of this.items()) yield this.#$(element).text();
      }
    }
    trace.class(Page);
    return [
      new Page().texts(),
      [...new Page().each()],
      new Page().items().first().text(),
      new Page().items().filter('.x').length,
    ];
  });
  await check('the class of the selections, traced', () => {
    const copy = cheerio.load(HTML);
    trace.class(
      Object.getPrototypeOf(copy.prototype).constructor === Object
        ? copy
        : Object.getPrototypeOf(copy.prototype).constructor,
    );
    return [
      copy('ul').find('li').filter('.x').text(),
      [...copy('li')].length,
      copy('li')
        .map((index) => index)
        .get(),
      copy('li').eq(1).text(),
      copy('li').each(() => {}).length,
    ];
  });
}
