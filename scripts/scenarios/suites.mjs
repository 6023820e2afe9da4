// The suites that the scenarios are from, as they were in August 2026.

const at = (repository, commit, file) =>
  `https://github.com/open-telemetry/${repository}/blob/${commit}/${file}`;

const JS = ['opentelemetry-js', '61126358cb5cf06a2004151cbad18e79cbede00a'];
const GO = ['opentelemetry-go', '736a14fcdca28b8cf5237e6b9b166ec6ed832bf7'];
const JAVA = ['opentelemetry-java', '35636aec8d3dc6706bb483bad92383fdd6012af0'];
const CPP = ['opentelemetry-cpp', 'e35113804f078b3592699601ed728ec893754dac'];
const PYTHON = ['opentelemetry-python', '0a5d76b65094a4bad414e0c0ab68981fc266f0a9'];
const RUST = ['opentelemetry-rust', '84301aef6fdbbe289b4e60b67d85c130b8a30571'];
const NET = ['opentelemetry-dotnet', '63d9cd17298d977235bf254a346a1b07944d85dd'];

export const SUITES = {
  JS: at(...JS, 'packages/sdk-trace/test/common/export/BatchSpanProcessorBase.test.ts'),
  Go: at(...GO, 'sdk/trace/batch_span_processor_test.go'),
  'Go metrics': at(...GO, 'sdk/trace/internal/observ/batch_span_processor_test.go'),
  Java: at(...JAVA, 'sdk/trace/src/test/java/io/opentelemetry/sdk/trace/export/BatchSpanProcessorTest.java'),
  'C++': at(...CPP, 'sdk/test/trace/batch_span_processor_test.cc'),
  Python: at(...PYTHON, 'opentelemetry-sdk/tests/trace/export/test_export.py'),
  'Python batch': at(...PYTHON, 'opentelemetry-sdk/tests/shared_internal/test_batch_processor.py'),
  Rust: at(...RUST, 'opentelemetry-sdk/src/trace/span_processor.rs'),
  'Rust async': at(...RUST, 'opentelemetry-sdk/src/trace/span_processor_with_async_runtime.rs'),
  '.NET': at(...NET, 'test/OpenTelemetry.Tests/Trace/BatchExportActivityProcessorTests.cs'),
  '.NET options': at(...NET, 'test/OpenTelemetry.Tests/Trace/BatchExportActivityProcessorOptionsTests.cs'),
};
