import { runSnippets } from './run-snippets.ts';

runSnippets('legacy');
