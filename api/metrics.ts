import { defineResource } from './resource.ts';

/**
 * Metrics for Prometheus: its text format, or OpenMetrics where `Accept` names it.
 *
 *     GET -> elb_requests_total{domain="a.test",code="200",method="GET",ending="ok"} 42 ...
 */
export const metrics = defineResource({
  name: 'metrics',
  methods: {
    GET: {
      takesBody: false,
      handle: async (request) => ({ status: 200, page: await request.metrics.page(request.accept) }),
    },
  },
});
