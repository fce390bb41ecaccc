"""The calls of elb.py, the predecessor's published client, against the balancers named on the command line.

Every method sends what elb.py sends, takes every status but 200 for an error, and reads every answer as JSON.
Ends with 0 if all answers are what that client's users rely on.
"""

import random
import sys

import requests


class ELBRespError(Exception):
    pass


class ELBRuleError(Exception):
    pass


class ELB:
    def __init__(self, base):
        self.base = base if base.startswith('http') else 'http://' + base

    def _request(self, method, resource, data=None):
        url = '%s/__erulb__/%s' % (self.base, resource)
        response = requests.request(method, url, json=data, timeout=2)
        if response.status_code != 200:
            raise ELBRespError(response.content)
        return response.json()

    def get_upstream(self):
        return self._request('GET', 'upstream')

    def set_upstream(self, upstream):
        return self._request('PUT', 'upstream', upstream)

    def delete_upstream(self, names):
        return self._request('DELETE', 'upstream', names)

    def get_domain_rules(self):
        return self._request('GET', 'domain')

    def set_domain_rules(self, domain, ruleset):
        return self._request('PUT', 'domain', {domain: ruleset.dump()})

    def delete_domain_rules(self, domains):
        return self._request('DELETE', 'domain', domains)

    def dump_to_etcd(self):
        return self._request('PUT', 'dump')


class ELBSet:
    """Several balancers on one store: reads and dumps go to one of them, changes to all."""

    def __init__(self, bases):
        self.members = [ELB(base) for base in bases]

    def __getattr__(self, name):
        if name in ('get_upstream', 'get_domain_rules', 'dump_to_etcd'):
            return getattr(random.choice(self.members), name)

        def on_all(*args):
            return [getattr(member, name)(*args) for member in self.members]

        return on_all


class Rule:
    def __init__(self, name, type_, **args):
        self.name = name
        self.type = type_
        self.args = args

    def dump(self):
        return {'type': self.type, 'args': self.args}


def ua_rule(name, pattern, succ, fail):
    return Rule(name, 'ua', pattern=pattern, succ=succ, fail=fail)


def path_rule(name, pattern, succ, fail):
    return Rule(name, 'path', pattern=pattern, succ=succ, fail=fail)


def backend_rule(name, servername):
    return Rule(name, 'backend', servername=servername)


class RuleSet:
    def __init__(self, init, rules):
        self.init = init
        self.rules = rules

    def check_rules(self):
        names = {rule.name for rule in self.rules}
        edges = {rule.args[edge] for rule in self.rules for edge in ('succ', 'fail') if edge in rule.args}
        return self.init in names and edges <= names

    def dump(self):
        if not self.check_rules():
            raise ELBRuleError('dangling name')
        return {'init': self.init, 'rules': {rule.name: rule.dump() for rule in self.rules}}


def raises(error, function, *args):
    try:
        function(*args)
    except error:
        return True
    return False


OK = {'msg': 'OK'}


def check_one(elb):
    assert elb.get_upstream() == {}
    assert elb.get_domain_rules() == {}

    assert elb.set_upstream({'up1': {'127.0.0.1:8089': '', '127.0.0.1:8088': 'weight=10'}}) == OK
    assert elb.set_upstream({'up2': {'127.0.0.1:8090': ''}}) == OK
    upstreams = elb.get_upstream()
    assert len(upstreams) == 2 and len(upstreams['up1']) == 2
    assert {server['addr']: server['weight'] for server in upstreams['up1']} == {
        '127.0.0.1:8089': 1,
        '127.0.0.1:8088': 10,
    }

    # The dict as servername is what the client's own sample passes.
    ruleset = RuleSet(
        'r1',
        [
            ua_rule('r1', 'httpie(\\S+)$', 'r2', 'r3'),
            path_rule('r2', '/blog', 'r4', 'r3'),
            backend_rule('r3', 'up1'),
            backend_rule('r4', {'up2': ''}),
        ],
    )
    assert elb.set_domain_rules('test.local', ruleset) == OK
    assert elb.set_domain_rules('other.local', RuleSet('r1', [backend_rule('r1', 'up1')])) == OK
    domains = elb.get_domain_rules()
    assert len(domains) == 2
    assert domains['test.local'] == ruleset.dump()
    assert raises(ELBRuleError, RuleSet('r9', [backend_rule('r1', 'up1')]).dump)

    assert elb.dump_to_etcd() == OK

    assert elb.delete_domain_rules(['test.local', 'other.local', 'nope']) == OK
    assert elb.get_domain_rules() == {}
    assert elb.delete_upstream(['up1', 'up2', 'nope']) == {'up1': True, 'up2': True, 'nope': 404}
    assert elb.get_upstream() == {}
    assert elb.dump_to_etcd() == OK

    assert raises(ELBRespError, elb._request, 'GET', 'nope')
    assert raises(ELBRespError, elb._request, 'PUT', 'domain', [])


def check_set(bases):
    elbs = ELBSet(bases)
    assert elbs.set_upstream({'up1': {'127.0.0.1:8089': ''}}) == [OK] * len(bases)
    for member in elbs.members:
        assert list(member.get_upstream()) == ['up1']
    assert list(elbs.get_upstream()) == ['up1']
    assert elbs.delete_upstream(['up1']) == [{'up1': True}] * len(bases)
    assert elbs.get_domain_rules() == {}


if __name__ == '__main__':
    for base in sys.argv[1:]:
        check_one(ELB(base))
    check_set(sys.argv[1:])
