import { runSnippets } from './run-snippets.ts';

runSnippets('standard');
