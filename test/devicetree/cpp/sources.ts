/** Sources of our own: each construct alone, and macros in the shapes that vendor trees use. */
import type { Files } from './real-cpp.ts';

const one = (text: string): Files => ({ 'main.dts': text });

const DEFS = `#define N 1
#define NAME foo
#define EMPTY
#define STR "s"
#define MINUS -
#define PLUS +
#define DOT .
#define LT <
#define HASH #
#define COLON :
#define SLASH /
#define ID(x) x
#define TWO(a, b) a b
#define CAT(a, b) a##b
#define XCAT(a, b) CAT(a, b)
#define S(x) #x
#define XS(x) S(x)
`;

export const SOURCES: Readonly<Record<string, Files>> = {
  'plain text': one('/dts-v1/;\n/ {\n\tcompatible = "a,b";\n\treg = <0x1 0x2>;\n};\n'),
  'hash properties': one(
    '/ {\n#address-cells = <1>;\n  #size-cells = <0>;\n\t# defines = x\n #clock-cells=<1>;\n};\n',
  ),
  'a hash property whose name is a macro': one(
    '#define cells 2\n#define address 3\n#address-cells = <cells>;\nx #address\n',
  ),
  'null directive': one('a\n#\n # /* c */\nb\n'),
  'unknown directives': one('#foo bar\n# 12\n#12x y\n#!shebang\n'),
  comments: one('a/* x */b // c\n/* d\n e */ c /**/ d /* * / */ e\n// "not a string\nf/ g / *h\n'),
  'comments in strings': one('"a /* b */ c" "// d" \'/* e */\' x\n'),
  'comment before a directive': one(
    '/* a */ #define X 1\n/* b\n */ # /* c */ define /* d */ Y /* e */ 2 /* f\n */ + 3\nX Y\n',
  ),
  'a comment within a definition': one('#define X 1 /* more\nlines */ + 2 // end\nX\n'),
  apostrophes: one("#define X 1\nit's X\n// don't\n/* can't */ X ' X\nX \"unclosed X\nX\n"),
  'apostrophes in a group not taken': one(
    '#if 0\ndon\'t /* open\n#endif\nx\n#if 0\n" /* \n#else\ny\n#endif\n',
  ),
  'escapes in strings': one('#define X 1\n"a\\"X" "X\\\\" X \'\\\'\' X\n'),
  'line continuation': one(
    '#define X 1 \\\n + 2 \\\n + 3\nX a\\\nb "c\\\nd" // e \\\n f\ng /\\\n* h *\\\n/ i\n',
  ),
  'continuation with blanks and carriage returns': one(
    '#define X 1 \\  \n + 2\r\n#define Y X \\\r\n + 3\r\nX Y\r\n',
  ),
  'carriage returns': one('#ifdef X\r\na\r\n#else\r\nb\r\n#endif\r\n#define Y 1\r\nY\r\n#undef Y\r\nY\r\n'),
  'byte order mark': one('\ufeff#define X 1\nX\n'),
  'no newline at the end': one('#define X 1\nX'),
  'a directive without a newline': one('x\n#define X'),
  'object-like macros': one(
    '#define A 1\n#define B A\n#define C (B + A)\n#define D\nA B C D E\n<A B C>;<D>;\n',
  ),
  'pp-numbers': one(
    '#define FOO 9\n#define e 8\n0xABC_FOO 0x1e-FOO 1.FOO 1..FOO .5FOO 0x1p-FOO 1e+FOO 0x1+FOO 1_FOO FOO1 .FOO ..FOO\n',
  ),
  'names within words': one(
    '#define linux 1\n#define cma 2\nlinux,cma linux-cma linux_cma xlinux @linux linux@1 linux: &linux\n',
  ),
  'names in strings': one('#define a b\n"a" a"a" \'a\' L"a" La\n'),
  'a macro named L': one('#define L x\nL L"a" L\'b\' L "c"\n'),
  'dollar and backslash': one('#define F x\nF$ $F F\\F \\F \\ F a\\F\n'),
  'other characters': one('#define F x\nF` F¬F é F\u00a0F @F F? ~F\n'),
  recursion: one('#define A B\n#define B A\n#define C C + C\n#define f(x) x f(x)\nA B C f(1) f(f(2))\n'),
  'recursion across the end': one('#define f(a) a*g\n#define g(a) f(a)\nf(2)(9) f(1)(2)(3)\n'),
  'the examples of the standard': one(
    '#define x 3\n#define f(a) f(x * (a))\n#undef x\n#define x 2\n#define g f\n#define z z[0]\n#define h g(~\n#define m(a) a(w)\n#define w 0,1\n#define t(a) a\n#define p() int\n#define q(x) x\n#define r(x,y) x ## y\n#define str(x) # x\nf(y+1) + f(f(z)) % t(t(g)(0) + t)(1);\ng(x+(3,4)-w) | h 5) & m\n(f)^m(m);\np() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };\nchar c[2][6] = { str(hello), str() };\n',
  ),
  'the standard on stringifying': one(
    '#define str(s) # s\n#define xstr(s) str(s)\n#define debug(s, t) printf("x" # s "= %d, x" # t "= %s", \\\n x ## s, x ## t)\n#define INCFILE(n) vers ## n\n#define glue(a, b) a ## b\n#define xglue(a, b) glue(a, b)\n#define HIGHLOW "hello"\n#define LOW LOW ", world"\ndebug(1, 2);\nfputs(str(strncmp("abc\\0d", "abc", \'\\4\') == 0) str(: @\\n), s);\nxstr(INCFILE(2).h)\nglue(HIGH, LOW);\nxglue(HIGH, LOW)\n',
  ),
  'the standard on empty arguments': one(
    '#define t(x,y,z) x ## y ## z\nint j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };\n',
  ),
  'the standard on hashes': one(
    '#define hash_hash # ## #\n#define mkstr(a) # a\n#define in_between(a) mkstr(a)\n#define join(c, d) in_between(c hash_hash d)\nchar p[] = join(x, y);\n',
  ),
  variadic: one(
    '#define e(...) [__VA_ARGS__]\n#define f(a, ...) a:__VA_ARGS__;\n#define g(a...) {a}\n#define h(a, b...) a|b|\ne() e(1) e(1, 2,3) f(1) f(1,) f(1, 2, 3) g() g(1,2) h(1) h(1,) h(1,2,(3,4))\n',
  ),
  'variadic comma': one(
    '#define f(a, ...) x(a, ##__VA_ARGS__)\n#define g(a, b...) x(a , ## b)\n#define h(...) x(y, ## __VA_ARGS__)\n#define N 5\nf(1) f(1,) f(1,2) f(1, N, N) g(1) g(1,) g(1,N) h() h(1) h(N,2) h(,)\n',
  ),
  'variadic stringified': one(
    '#define s(...) #__VA_ARGS__\n#define t(a, b...) #a #b\ns() s(a, b ,c) s("x" , \'y\') t(1) t(1, 2 ,3)\n',
  ),
  __VA_OPT__: one(
    '#define f(a, ...) x(a __VA_OPT__(,) __VA_ARGS__)\n#define g(...) [__VA_OPT__(a b) c]\nf(1) f(1,) f(1,2) g() g(1)\n',
  ),
  stringify: one(
    DEFS +
      'S(a) S( a  b ) S() S("x\\n") S(\'"\') S(a/* c */b) S(N) XS(N) XS(a N b) S(@\\n) S(\\) XS(ID(a)ID(b)) XS(EMPTY a) XS(a EMPTY b) XS(a EMPTY) S(a\n b)\n',
  ),
  paste: one(
    DEFS +
      'CAT(a, b) CAT(a,) CAT(,b) CAT(,) CAT(1, 2) CAT(0x, ff) CAT(a, 1) CAT(1, a) CAT(<, <) CAT(-, >) CAT(N, AME) XCAT(N, AME) CAT(CAT(a, b), c) XCAT(CAT(a, b), c)\n',
  ),
  'paste of no token': one(
    DEFS +
      'CAT(a, -) CAT(-, a) CAT(/, /) CAT(/, *) CAT(., 5) CAT(., .) CAT("a", "b") CAT(&, label) CAT(#, define) CAT(a, "b") CAT(L, "b") CAT(@, a) CAT(a,@) CAT(a b, c d)\n',
  ),
  'paste chains': one(
    '#define c(a,b,d) a##b##d\n#define o x##y##z\n#define q(a) pre_ ## a ## _post\n#define w(a) x ## a y\nc(a,b,d) c(,b,) c(a,,d) c(1,e,-) o q(mid) q() q(a b) w() w(k) w( k )\n',
  ),
  'paste gives a macro': one(
    '#define ab 7\n#define CAT(a,b) a##b\n#define mk(x) M_##x\n#define M_1 one\n#define M_2(y) two y\nCAT(a,b) mk(1) mk(2) mk(2)(z) mk(3)\n',
  ),
  'spaces after macros': one(
    DEFS +
      'N-x N.x x-N N+N -N -N-N N@a a@N <N>>N .N .NAME N. N,N #N %N :N N: &NAME NAME&N NAME-N N"s" N\'a\' NAMEx NAME_ N:N\n',
  ),
  'spaces after operators': one(
    DEFS +
      'MINUS-x MINUS>x -MINUS MINUS MINUS PLUS+ PLUS= LT< <LT LT= LT: DOT5 DOT.. .DOT HASH# #HASH COLON: :COLON SLASH/ SLASH= SLASH * x\n',
  ),
  'spaces after slashes': one(`${DEFS}SLASH/ x\nSLASH* x\n/SLASH x\n`),
  'spaces of empty macros': one(
    DEFS +
      'a EMPTY b aEMPTY (EMPTY) ( EMPTY) (EMPTY ) -EMPTY- - EMPTY - foo@EMPTY-1 x-EMPTY-y <EMPTY< EMPTY EMPTY <EMPTY ID()> <ID( )> ID()ID()\n',
  ),
  'spaces of arguments': one(
    DEFS +
      'ID(a)b ID( a )b ID(a) b ID(-)- -ID(-) ID(-)ID(-) ID(ID(1)2) ID(ID(1) 2) TWO(1,2) TWO( 1 , 2 ) ID(N)ID(N) ID(NAME)ID(-)ID(N) foo@ID(1) ID(foo)@ID(1),ID(0)\n',
  ),
  'spaces before numbers and literals': one(
    '#define I(x) x\n[I(a)1] [I(a)1.5] [I(a).5] [I(a)0x1e-1] [I(a)1e+] [I(a)1_x] [I(a)L"x"] [I(1)L"x"] [I(1)L\'x\'] [I(a)L x]\n',
  ),
  'spaces in bodies': one(
    '#define A(x) x-x\n#define B(x) x - x\n#define C(x) (x)\n#define D(x) -x x- - x x -\n#define E(x) foo@x { reg = <x>; }\n#define F(x) <x>;<x >;< x>\n#define N 1\n#define M -1\nA(1) A(a) A(N) A(-) B(1) C(1) C( 1 ) C(N) C(M) D(1) D(-) D(N) D(M) D() E(1) E(N) F(1) F(N) F( N )\n',
  ),
  'function-like macros without parentheses': one(
    '#define f(x) [x]\nf f; f\n(1) f /* c */ (2) f-f f+f(3) (f)(4) f\n\n(5)\nf\n#define g 1\n(6) f',
  ),
  'arguments over lines': one('#define f(x, y) x:y\nf(a\n  b,\n  /* c */ d // e\n)\nf(1,\n\n\n2) z\n'),
  'directives among arguments': one(
    '#define f(x) [x]\nf(a\n#define N 5\nN\n#ifdef N\nyes\n#else\nno\n#endif\n#undef f\n)\nf(N)\n',
  ),
  'a macro that ends in a function-like one': one(
    '#define f(x) [x]\n#define g f\n#define h x f\n#define i(a) a f\n#define e\n#define j f e\n#define k f e (1)\ng(1) g (2) g h(3) h i(4)(5) i(6) j(7) j k g\n(8) g g\n',
  ),
  'a name that is not invoked behind an expansion': one(
    '#define f(x) [x]\n#define n a\n#define m 1\n#define id(x) x\nid(a)f id(a)f-id(1)f id(1)f(2) id(-)f id()f ( id()n) id()n\n#define w(...) () e\n#define e\n(w()w)\n(w()f)\n',
  ),
  'commas and parentheses': one(
    '#define f(x) <x>\n#define g(a,b) a|b\nf((a,b)) g((1,2),3) g(f(1),g(2,3)) g({1,2}) f(()) f(")") f(\')\')\n'
      .replace('g({1,2}) ', 'g({1,2}) ')
      .replace('g([,]) ', ''),
  ),
  'commas out of macros': one(
    '#define c 1,2\n#define f(x) f1(x)\n#define f1(x, y) x|y\n#define lp (\n#define rp )\n#define g(x) {x}\nf(c) g lp 1) g(rp) g lp 1 rp\n',
  ),
  '#undef': one('#define A 1\nA\n#undef A\nA\n#undef A\n#undef NEVER\n#define A 2\nA\n'),
  redefinition: one(
    '#define A 1\n#define A 1\n#define A  /* c */ 1\n#define B(x) x\n#define B(x) x\n#define A 2\nA B(3)\n',
  ),
  '#ifdef and its like': one(
    '#define A\n#ifdef A\n1\n#else\n2\n#endif\n#ifndef A\n3\n#else\n4\n#endif\n#ifdef B\n5\n#elif defined A\n6\n#elif 1\n7\n#else\n8\n#endif\n',
  ),
  'nested groups': one(
    '#if 0\n#if 1\na\n#else\nb\n#endif\n#elif 0\nc\n#else\n#ifndef X\nd\n#ifdef X\ne\n#elif 1\nf\n#endif\n#endif\ng\n#endif\nh\n',
  ),
  'no directives in groups not taken': one(
    '#if 0\n#define A 1\n#error no\n#include <none.h>\n#foo\n#if garbage ( (\n#elif more )\n#endif\n#endif\nA\n#if 1\n#elif garbage ( (\n#endif\n',
  ),
  '#if arithmetic': one(
    [
      '1+2*3==7',
      '(1+2)*3==9',
      '-1<0',
      '-1<0u',
      '1<<3==8',
      '~0==-1',
      '~0u==0xffffffffffffffff',
      '!5',
      '!0',
      '5/2==2 && -5/2==-2 && -5%2==-1',
      '1?0:1',
      '0?1:2',
      '1?2:0?3:4',
      '1||1/0',
      '0&&1/0',
      '1?1:1/0',
      '0x7fffffffffffffff+1<0',
      '-1>>1==-1',
      '-1u>>63==1',
      '1<<63<0',
      '1<<64',
      "'a'==97",
      "'\\n'==10",
      "'\\x41'==65",
      "'\\101'==65",
      "'ab'==24930",
      "'\\377'<0",
      '0777==511',
      '0b101==5',
      '10L==10',
      '10UL>-1',
      '10ull>1',
      '1,2',
      '(1,0)',
      '2>1>0',
      '1==1==1',
      '3&5|2^1',
      '010',
      'X',
      'X(',
      'true',
      '1 ? 2 : (3,4)',
      '-9223372036854775807-1<0',
      '18446744073709551615==-1',
      '+1',
      '- -1',
      '!!2',
      '5-3-2',
      '100/10/5==2',
      '1<<2<<3==32',
      '2-1?10:20',
      '(2||3)!=1',
      '1|2==2',
      '0xFFFFFFFFFFFFFFFF > 0',
      '-1/1u>5',
      '1 >> -1 == 2',
    ]
      .filter((e) => e !== 'X(')
      .map((e, i) => `#if ${e}\nyes${i}\n#else\nno${i}\n#endif\n`)
      .join(''),
  ),
  '#if with macros': one(
    '#define A 2\n#define f(x) (x*2)\n#define E\n#define D defined(A)\n#define not !\n#if A==2 && f(A)==4 E && D && not B && defined A && !defined(B) && f(f(1)) == 4\nyes\n#endif\n#if f\nbad\n#else\nyes\n#endif\n#if A /* c */ > 1 // d\nyes\n#endif\n#if A > \\\n1\nyes\n#endif\n',
  ),
  '#elif defined': one('#define A\n#ifdef B\n1\n#elif defined(A)\n2\n#endif\n'),
  'built-in macros': one(
    '__DTS__ __ASSEMBLER__ __STDC__ __COUNTER__ __COUNTER__\n#if __COUNTER__ == 2\n__COUNTER__\n#endif\n#ifdef __DTS__\nd\n#endif\n#ifdef __linux__\nl\n#endif\nlinux unix __LINE__\n__LINE__ __FILE__ __INCLUDE_LEVEL__ __BASE_FILE__\n',
  ),
  '__LINE__ in macros': one(
    '#define L __LINE__\n#define f(x) x L\nL\nf(\n__LINE__\n)f(\nL\n) f(f(\nf(\n1\n)\nL))\n#line 100\nL\n#line 200 "other.dts"\nL __FILE__\n#define n 300\n#line n\nL\n#line 400 /* c\n */\nL\n',
  ),
  includes: {
    'main.dts':
      '#include "a.h"\n#include <b.h>\n#define H <c.h>\n#include H\n#define Q "c.h"\n#include Q\n#define h(x) <x.h>\n#include h(c)\nA B C __INCLUDE_LEVEL__\n',
    'a.h': '#define A 1\na __INCLUDE_LEVEL__\n',
    'b.h': '#include "a.h"\n#define B A\nb',
    'c.h': '#define C 1\nc\n',
  },
  'include guards': {
    'main.dts':
      '#include "g.h"\n#include "g.h"\n#undef G\n#include "g.h"\n#include "o.h"\n#include "o.h"\n#include "n.h"\n#include "n.h"\n#include "e.h"\n#include "e.h"\n',
    'g.h': '/* c */\n#ifndef G\n#define G\ng\n#endif /* G */\n',
    'o.h': '#pragma once\no\n',
    'n.h': '#ifndef N\n#define N\nn\n#endif\ntail\n',
    'e.h': '#if !defined(E)\n#define E\ne\n#else\nagain\n#endif\n',
  },
  'include in the midst': {
    'main.dts': '/ {\n#include "a.dtsi"\n  };\nx-\n#include "b.h"\n-y\n',
    'a.dtsi': 'node@1 { reg = <1>; };',
    'b.h': 'z',
  },
  __has_include: {
    'main.dts':
      '#if __has_include("a.h") && __has_include(<a.h>) && !__has_include("b.h")\nyes\n#endif\n#ifdef __has_include\nyes\n#endif\n#define H "a.h"\n#if __has_include(H)\nyes\n#endif\n#if defined(__has_include) && __has_include("c.h")\nno\n#else\nyes\n#endif\n',
    'a.h': '',
  },
  '-D': one('A B C(1) D\n'),
  'vendor: pin macros': one(
    '#define PIN(bank, n) (((bank) << 5) | (n))\n#define RK_PA0 0\n#define RK_FUNC(x) RK_FUNC_##x\n#define RK_FUNC_1 1\n#define PINS(b, p, f, c...) <b RK_##p RK_FUNC(f) &pcfg_##c>\n/ { pins = PINS(0, PA0, 1, pull_none), <PIN(2, RK_PA0)>; };\n',
  ),
  'vendor: node macros': one(
    '#define CPU(n, r) cpu##n: cpu@r { device_type = "cpu"; reg = <0x##r>; label = #n; }\n#define CPUS CPU(0, 0); CPU(1, 100);\n#define MBOX(addr, irq) mailbox@addr { reg = <0x0 0x##addr 0x0 0x1000>; interrupts = <0 irq 4>; }\n/ { cpus { CPUS }; MBOX(f0000, (32 + 5)); CPU(2,\n 200); };\n',
  ),
  'vendor: lists by count': one(
    '#define CNT_(_1,_2,_3,_4,n,...) n\n#define CNT(...) CNT_(__VA_ARGS__,4,3,2,1)\n#define CAT_(a,b) a##b\n#define CAT(a,b) CAT_(a,b)\n#define L1(f,x) f(x)\n#define L2(f,x,...) f(x) L1(f,__VA_ARGS__)\n#define L3(f,x,...) f(x) L2(f,__VA_ARGS__)\n#define EACH(f,...) CAT(L,CNT(__VA_ARGS__))(f,__VA_ARGS__)\n#define REF(x) <&x>,\nEACH(REF, a) EACH(REF, a, b) EACH(REF,a,b,c)\n',
  ),
  'vendor: deferred expansion': one(
    '#define E()\n#define D(x) x E()\n#define O(...) __VA_ARGS__ D(E)()\n#define X(...) __VA_ARGS__\n#define A() 123\nD(A)() X(D(A)()) O(A)() X(O(A)())\n',
  ),
  'vendor: zmk bindings': one(
    '#define A 4\n#define LS(k) (0x02000000 | (k))\n#define BT_SEL_CMD 3\n#define BT_SEL BT_SEL_CMD\n#define KP(x) &kp x\n#define XXX &none\n#define ___ &trans\n#define COMBO(NAME, BINDINGS, KEYPOS) \\\n  combo_##NAME { \\\n    timeout-ms = <50>; \\\n    bindings = <BINDINGS>; \\\n    key-positions = <KEYPOS>; \\\n  };\n/ { combos { COMBO(esc, &kp LS(A), 0 1) COMBO(bt, &bt BT_SEL 0, 2 3)\n }; keymap { bindings = <KP(A) XXX ___ &bt BT_SEL 1 KP(LS(LS(A)))>; }; };\n',
  ),
  'vendor: names from macros': one(
    '#define UNIT 4000\n#define NODE uart\n#define PREFIX vendor\n#define ADDR 0x4000\n/ { NODE@UNIT { compatible = "PREFIX,x"; PREFIX,prop = <ADDR>; NODE-x = <UNIT ADDR (ADDR+UNIT) (ADDR-1)>; }; &NODE { }; NODE: NODE_UNIT@UNIT,UNIT { }; };\n',
  ),
  'vendor: memory map': one(
    '#define SZ_1M 0x00100000\n#define BASE 0x80000000\n#define REGION(n, b, s) n: n@b { reg = <0x0 b 0x0 s>; no-map; }\n#define HEX(x) 0x##x\n#if (BASE + 16 * SZ_1M) > 0x80ffffff\n#define TOP (BASE + 16*SZ_1M)\n#else\n#define TOP BASE\n#endif\nREGION(a, BASE, SZ_1M); REGION(b, TOP, HEX(1000)); <TOP>;\n',
  ),
};

/** The -D of the sources that have any. */
export const DEFINES: Readonly<Record<string, readonly string[]>> = {
  '-D': ['A', 'B=2 + 2', 'C(x)=[x]', 'D='],
};
