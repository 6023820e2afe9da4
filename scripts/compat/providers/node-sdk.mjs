import { NodeSDK } from '@opentelemetry/sdk-node';
import { stopSdk } from '../behaviour.mjs';
import { program } from './program.mjs';

await program((processor) => {
  const sdk = new NodeSDK({ spanProcessors: [processor] });
  sdk.start();
  return () => stopSdk(sdk);
});
