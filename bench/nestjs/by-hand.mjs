// The interceptor that people write by hand, at its best: the tracer at module level, one listener on the response, no second
// observable. It says what ours says of a request that is answered: method, route, status code, an error that is answered with 500.

import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { tap } from 'rxjs';

const tracer = trace.getTracer('by hand');

export class InterceptorByHand {
  intercept(execution, next) {
    if (execution.getType() !== 'http') return next.handle();
    const http = execution.switchToHttp();
    const request = http.getRequest();
    const response = http.getResponse().raw ?? http.getResponse();
    const span = tracer.startSpan(`${execution.getClass().name}.${execution.getHandler().name}`, {
      attributes: {
        'http.request.method': request.method,
        'http.route': request.routeOptions?.url ?? request.route.path,
      },
    });
    let failure;
    // It comes after the last byte, and when the client has left before.
    response.once('close', () => {
      const { statusCode } = response;
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 500) {
        if (failure !== undefined) span.recordException(failure);
        span.setStatus({ code: SpanStatusCode.ERROR, message: failure?.message });
      }
      span.end();
    });
    return context
      .with(trace.setSpan(context.active(), span), () => next.handle())
      .pipe(
        tap({
          error: (error) => {
            failure = error;
          },
        }),
      );
  }
}
