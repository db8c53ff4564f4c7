// Every visible text on the page with the contrast of its colour to what lies behind it (WCAG 2, 1.4.3).
() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return { parts: [red, green, blue], alpha: alpha / 255 };
  };
  const over = (front, back) => front.parts.map((part, index) => part * front.alpha + back[index] * (1 - front.alpha));
  const background = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.push(rgba(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((back, layer) => over(layer, back), [255, 255, 255]);
  };
  const luminance = (parts) => {
    const [red, green, blue] = parts.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const result = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (element.closest('.unseen, noscript, script, title')) continue;
    const style = getComputedStyle(element);
    const isPicture = element instanceof SVGElement;
    const host = isPicture ? element.closest('.own')?.querySelector('rect') : undefined;
    const back = host ? rgba(getComputedStyle(host).fill).parts : background(isPicture ? element.closest('div') : element);
    const front = over(rgba(isPicture ? style.fill : style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((one, other) => other - one);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (size === 0) continue;
    result.push({ text: node.data.trim().slice(0, 40), ratio, enough: isLarge ? 3 : 4.5, where: element.className?.baseVal ?? element.className });
  }
  return result;
}
